"""How operators treat an axis: what maps along it, what reduces it. Imported when a graph is swept along rows."""
