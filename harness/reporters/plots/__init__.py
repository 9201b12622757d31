"""Runs as pictures. Each kind has its data, its words and its picture in one file.

matplotlib's objects are used without pyplot: nothing is kept between two pictures.
"""
