"""Figures from insight's numbers, drawn with matplotlib's Agg and without Qt."""
