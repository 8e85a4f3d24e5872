"""Kills the client, the server or the S3 endpoint at every step of a piece of work.

``python -m testing.fault_loop`` runs all of it; a few points of each kind are among the tests. One
piece of work is a statement with its snapshot, a restore or a prune. It is done in a process of its
own, which stops at one step after the other; there, with kill -9, somebody dies. Then the database,
what is stored, and what is left behind are looked at.
"""
