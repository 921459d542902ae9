r"""A vsock device for a guest, as a process on the host: CID 2 without a hypervisor.

The guest's kernel hands its memory and three rings to this process over a socket (the vhost-user
protocol, 64-bit little endian), and every vsock stream becomes a stream on an AF_UNIX socket below
one folder:

``port-<P>.sock``
    Whoever listens here is reached by a guest that connects to CID 2, port P.
``guest.sock``
    Whoever connects here and sends ``CONNECT <P>\n`` reaches the guest's port P; the answer is
    ``OK <host port>\n``, or the connection is closed when nobody listens there.

One file per concept: `wire` (messages), `memory` (the guest's memory), `vring` (descriptor rings),
`packet` (vsock headers), `credit` (who may send how much), `connection` (one stream), `switch` (all
streams, and the sockets), `device` (packets in and out of rings), `session` (messages to device).
Standard library only, so that the process starts quickly.

What the guest says is never believed: an offset, length, index or chain that cannot be true raises
`GuestFault`, which ends the process with one line. It cannot end by itself what lies in the guest's
hands alone: a guest that stops giving buffers is not served, and everything kept for it is bounded.
"""
