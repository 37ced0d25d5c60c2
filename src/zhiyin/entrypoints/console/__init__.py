"""The web console: Django templates with Tabler, htmx and ECharts, in English and Chinese."""
