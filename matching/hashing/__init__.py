"""Bytes to pixels to views to fingerprint. Plain Python: nothing here knows Django.

The web process and the worker import `fingerprint`, `profile` and `decoder`, which need neither numpy nor Pillow.
Everything that touches pixels runs in the decoder process (`decoder_process`).
"""
