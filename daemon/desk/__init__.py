"""The desk: what people do with a rack. It owns the document, takes commands, and says it all to an engine, also the next.

`desk.RackDesk` takes batches of `commands`, from a socket, a shell, or MIDI (`hands`, `learn`), plans each on a `draft` of
the `book`, has the engine's rack carry it out, and publishes what changed. `preset` reads and writes files (`table`,
`layout`), `snapshot` keeps moments. Floor: knows the rack's document and protocol, and plugins; never an engine.
"""
