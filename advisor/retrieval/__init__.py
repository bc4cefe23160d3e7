"""A question -> ranked passages and sentences, and the confidence in them."""
