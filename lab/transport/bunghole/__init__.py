"""The host's end of Bunghole: Opus from a guest on port 5000, a microphone to it on port 5001.

``wire`` and ``parser`` are what docs/reference/bunghole-wire.md says, without any socket.
``stream`` keeps the books of one guest. A *session* (``session``) decides what happens on one
connection, by bytes and times that it is given; ``receiver`` and ``microphone`` have one each.
``listener`` is the only one that owns sockets.
"""
