"""The running delete: observe, decide the next step, act, until done or refused.

``model`` says what is seen and remembered, ``next_step`` is the pure function that decides,
``run`` performs. Nothing here knows of Pulumi.
"""
