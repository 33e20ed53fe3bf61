"""The metric dictionary once more, by brute force: what the product is compared with, sharing no code with it.

Clarity over speed: lists, loops and sorting by (time, id); nothing is indexed, nothing is incremental. Each module is
one paragraph of the dictionary and quotes the sentence it follows where the sentence is not obvious.
"""
