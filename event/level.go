package event

import (
	"context"
	"fmt"
	"log/slog"
)

// The field's logger levels as slog levels. Verbose messages are below NOTICE,
// so that `core set verbose N` is the handler's level; debug ones are below all
// verbose ones. slog's own Debug is not used.
const (
	LevelNotice   = slog.Level(1)
	LevelWarning  = slog.LevelWarn  // 4
	LevelError    = slog.LevelError // 8
	LevelSecurity = slog.Level(2)
	LevelDTMF     = slog.Level(-15)
)

// LevelVerbose is the level of a verbose message of class n, 0 to 10: shown when
// `core set verbose` is at least n.
func LevelVerbose(n int) slog.Level { return slog.Level(-n) }

// LevelDebug is the level of a debug message of class n, 1 to 10.
func LevelDebug(n int) slog.Level { return slog.Level(-20 - n) }

// Verbose logs a verbose message of class n. It formats nothing when nobody
// would see it.
func Verbose(log *slog.Logger, n int, format string, args ...any) {
	ctx := context.Background()
	if log.Enabled(ctx, LevelVerbose(n)) {
		log.Log(ctx, LevelVerbose(n), fmt.Sprintf(format, args...))
	}
}
