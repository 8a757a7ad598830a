package console

import (
	"fmt"
	"log/slog"
	"log/syslog"
	"strings"

	"pbx/event"
)

// facilities are the words of `syslog.local0` in logger.conf.
var facilities = map[string]syslog.Priority{
	"": syslog.LOG_USER, "user": syslog.LOG_USER, "daemon": syslog.LOG_DAEMON, "auth": syslog.LOG_AUTH, "authpriv": syslog.LOG_AUTHPRIV,
	"cron": syslog.LOG_CRON, "kern": syslog.LOG_KERN, "lpr": syslog.LOG_LPR, "mail": syslog.LOG_MAIL, "news": syslog.LOG_NEWS,
	"syslog": syslog.LOG_SYSLOG, "uucp": syslog.LOG_UUCP, "ftp": syslog.LOG_FTP,
	"local0": syslog.LOG_LOCAL0, "local1": syslog.LOG_LOCAL1, "local2": syslog.LOG_LOCAL2, "local3": syslog.LOG_LOCAL3,
	"local4": syslog.LOG_LOCAL4, "local5": syslog.LOG_LOCAL5, "local6": syslog.LOG_LOCAL6, "local7": syslog.LOG_LOCAL7,
}

// SyslogConfig declares one syslog line of logger.conf.
type SyslogConfig struct {
	Facility string // "local0"
	Levels   Levels
}

// KnownFacility reports whether there is a syslog facility of that name.
func KnownFacility(name string) bool {
	_, ok := facilities[strings.ToLower(name)]
	return ok
}

// attachSyslog makes a sink of the machine's syslog.
func (l *Logger) attachSyslog(c SyslogConfig) (*Sink, error) {
	w, err := syslog.New(facilities[strings.ToLower(c.Facility)]|syslog.LOG_INFO, "pbx")
	if err != nil {
		return nil, fmt.Errorf("syslog: %w", err)
	}
	s := &Sink{log: l, name: "syslog." + strings.ToLower(c.Facility), kind: "Syslog", levels: c.Levels, closer: w}
	s.write = func(level slog.Level, line []byte) {
		text := strings.TrimRight(string(line), "\n")
		// A syslog that has gone takes no lines, and there is nowhere to say so.
		switch {
		case level >= event.LevelError:
			_ = w.Err(text)
		case level >= event.LevelWarning:
			_ = w.Warning(text)
		case level >= event.LevelNotice:
			_ = w.Notice(text)
		case level >= event.LevelVerbose(10):
			_ = w.Info(text)
		default:
			_ = w.Debug(text)
		}
	}
	return s, nil
}
