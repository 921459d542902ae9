"""Test signals, and the detectors that read them back.

A signal is a function of the frame number: any stretch of it can be made without what went
before. Arrays are interleaved blocks of shape ``(frames, channels)``, ``float32``.
"""
