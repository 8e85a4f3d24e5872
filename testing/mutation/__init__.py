"""Disables each rule of the classifier, one at a time, and tells which ones no test would miss.

``python -m testing.mutation [module …]`` does it. A rule is whatever makes the classifier answer as
it does: an entry of a table of words, a level, a condition, a small function. Each is changed in
memory, and the classifier's pure tests are called as plain functions until the first one fails.
"""
