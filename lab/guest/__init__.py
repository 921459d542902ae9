"""Small guest systems for tests: start one, run commands in it, stop it, leave nothing behind.

    from lab.guest.guest import Guest
    from lab.guest.settings import GuestSettings

    with Guest(GuestSettings(log_folder=folder)) as guest:
        result = guest.run(["uname", "-r"])

`guest` is what tests use, with `settings`, `command` (what runs in a guest) and `errors`. A kind of
guest is a `machine.Machine`; there is one, `uml`. `tiers` says how real the vsock of a machine is,
`dialling` is the only place that may connect an AF_VSOCK socket, `vhost_vsock` the device behind
CID 2. Inside the guest runs `agent`, prepared by `agent_setup`; outside, `keeper` sees to it that a
guest does not outlive whoever started it. docs/reference/guest.md has the whole.

This module stays free of imports: the agent runs on a bare interpreter.
"""
