TWINS: dict = {}
