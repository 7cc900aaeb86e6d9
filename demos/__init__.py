"""The tabs of the app, one file a tab: each lays out and wires, and is handed the functions that compute."""
