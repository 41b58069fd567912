"""The lab's own parts: a machine (QEMU), disks that misbehave on demand, their plugs, oracles, and the tool under test."""
