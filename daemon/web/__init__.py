"""The page: HTTP, its websocket, and what a browser is told."""
