"""Evaluation as a product: question sets, runs, measures, comparison, gate, reports."""
