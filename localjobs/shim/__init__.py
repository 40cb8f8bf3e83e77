"""The shim: a small process that owns the containers' processes.

It outlives the daemon, so it imports the standard library only and nothing else of the package.
It is single-threaded, which is what lets it change directory and mount namespace before a spawn.
"""
