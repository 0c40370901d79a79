"""A workflow as one HTML file that needs nothing else: its template, style and script lie here."""

from agentgraph.render.page.writing import to_html

__all__ = ["to_html"]
