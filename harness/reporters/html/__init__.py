"""A report as one HTML file: no network, light and dark, fit for a phone and for paper.

The templates, the style and the script lie beside this file. Every string of a run is escaped twice
over: jinja2 escapes markup, and whatever it prints goes through `harness.plain`.
"""
