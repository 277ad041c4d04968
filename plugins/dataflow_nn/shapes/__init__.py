"""Shape rules of this plugin: imported when the shapes of a graph are asked for before it runs."""
