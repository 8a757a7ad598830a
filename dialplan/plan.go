package dialplan

// Plan is one reading of extensions.conf. It never changes.
type Plan struct{}
