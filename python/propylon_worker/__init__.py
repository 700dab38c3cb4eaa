"""The Python side of Propylon: one process of an app's pool. Standard library only, Python 3.8 to 3.14."""
