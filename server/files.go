package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pbx/config"
	"pbx/console"
)

// rtpSettings are what rtp.conf says.
type rtpSettings struct {
	Start, End   int
	Strict       bool
	Probation    int
	DTMFTimeout  time.Duration // 0: the engine's own
	RTCPInterval time.Duration // negative: no reports
}

// idleRTP are options of rtp.conf that the field knows and that do nothing here
// yet.
var idleRTP = []string{
	"rtpchecksums", "icesupport", "turnaddr", "turnusername", "turnpassword", "ice_host_candidates", "ice_deny", "ice_permit", "ice_acl",
	"stun_deny", "stun_permit", "stun_acl", "stun_blacklist", "ice_blacklist", "srtpreplayprotection", "dtls_mtu", "stun_software_attribute", "rtcpmux",
}

var activeRTP = []string{"rtpstart", "rtpend", "strictrtp", "probation", "dtmftimeout", "rtcpinterval", "stunaddr"}

// readRTP reads rtp.conf, which may be absent. The range is that of the files in
// use, 10000-20000; without rtp.conf too.
func readRTP(l *config.Loader) (rtpSettings, []config.Finding, error) {
	r := rtpSettings{Start: 10000, End: 20000, Strict: true, Probation: 4}
	file, findings, err := l.Optional("rtp.conf")
	if err != nil || file == nil {
		return r, findings, err
	}
	var startPos, endPos config.Variable
	for _, sec := range file.Sections {
		name := strings.ToLower(sec.Name)
		if name == "ice_host_candidates" {
			continue
		}
		if name != "general" {
			findings = append(findings, unknownSection(sec, "rtp.conf", []string{"general", "ice_host_candidates"}))
			continue
		}
		for _, v := range sec.Vars {
			bad := func(want string) {
				findings = append(findings, config.Finding{
					Pos: v.Pos, Severity: config.Error, Rule: "bad-value",
					Message: fmt.Sprintf("%s = %q is not %s; it is left out", v.Name, v.Value, want),
				})
			}
			number := func(p *int, least, most int) { // beyond the bounds it is the bound
				digits := strings.TrimLeft(v.Value, "-0123456789")
				n, err := strconv.Atoi(strings.TrimSuffix(v.Value, digits))
				if err != nil {
					bad(fmt.Sprintf("a number from %d to %d", least, most))
					return
				}
				*p = min(max(n, least), most)
				if *p != n || digits != "" {
					findings = append(findings, config.Finding{
						Pos: v.Pos, Severity: config.Warning, Rule: "bad-value",
						Message: fmt.Sprintf("%s = %q is taken as %d", v.Name, v.Value, *p),
					})
				}
			}
			switch strings.ToLower(v.Name) {
			case "rtpstart":
				number(&r.Start, 1024, 65535)
				startPos = v
			case "rtpend":
				number(&r.End, 1024, 65535)
				endPos = v
			case "strictrtp":
				if strings.EqualFold(v.Value, "seqno") {
					r.Strict = true
					break
				}
				b, ok := config.Bool(v.Value)
				if !ok {
					bad("yes, no or seqno")
					break
				}
				r.Strict = b
				if !b {
					findings = append(findings, config.Finding{
						Pos: v.Pos, Severity: config.Warning, Rule: "unsafe",
						Message: "strictrtp = no takes audio from anybody who finds the port",
					})
				}
			case "probation":
				number(&r.Probation, 1, 100)
			case "dtmftimeout":
				n := 0
				number(&n, 1, 1<<20)
				r.DTMFTimeout = time.Duration(n) * time.Second / 8000 // in RTP time units
			case "rtcpinterval":
				if v.Value == "0" {
					r.RTCPInterval = -1
					break
				}
				n := 0
				number(&n, 500, 60000)
				r.RTCPInterval = time.Duration(n) * time.Millisecond
			case "stunaddr": // the SIP driver reads it
			default:
				if contains(idleRTP, v.Name) {
					findings = append(findings, config.Finding{
						Pos: v.Pos, Severity: config.Note, Rule: "no-effect",
						Message: v.Name + " is not done yet; it is left out",
					})
					break
				}
				findings = append(findings, unknownKey(v, "rtp.conf", append(idleRTP, activeRTP...)))
			}
		}
	}
	if r.End < r.Start+3 && endPos.Pos.Line == 0 {
		r.End = 31000 // the ancestor's own, of which a file may name one alone
	} else if r.End < r.Start+3 && startPos.Pos.Line == 0 {
		r.Start = 5000
	}
	if r.End < r.Start+3 {
		pos := endPos.Pos
		if pos.Line == 0 {
			pos = startPos.Pos
		}
		findings = append(findings, config.Finding{
			Pos: pos, Severity: config.Error, Rule: "bad-value",
			Message: fmt.Sprintf("the RTP ports %d to %d hold no call; 10000 to 20000 are used", r.Start, r.End),
		})
		r.Start, r.End = 10000, 20000
	}
	return r, findings, nil
}

func unknownSection(sec *config.Section, file string, known []string) config.Finding {
	f := config.Finding{
		Pos: sec.Pos, Severity: config.Warning, Rule: "unknown-section",
		Message: fmt.Sprintf("%s has no section [%s]", file, sec.Name),
	}
	if near := config.Nearest(sec.Name, known); near != "" {
		f.Hint = "did you mean [" + near + "]?"
	}
	return f
}

// logSettings are what logger.conf says.
type logSettings struct {
	Files      []console.FileConfig
	Syslog     []console.SyslogConfig
	TimeFormat string
	Console    console.Levels
	Rotation   console.Rotation
	CallIDs    bool
	// hostname is appended to the names of files, "" for not.
	hostname string
	// QueueLog is the file of queue_log, "" for none.
	QueueLog string
}

var loggerGeneral = []string{
	"dateformat", "appendhostname", "use_callids", "queue_log", "queue_log_to_file", "queue_log_name", "queue_log_realtime_use_gmt",
	"rotatestrategy", "exec_after_rotate", "logger_queue_limit",
}

// readLogger reads logger.conf. Without one, warnings and worse go to
// messages.log.
func readLogger(l *config.Loader, dirs Directories) (s logSettings, findings []config.Finding, err error) {
	s = logSettings{Console: console.ConsoleLevels(), CallIDs: true, QueueLog: "queue_log", Rotation: console.Rotation{Strategy: "sequential"}}
	defer func() {
		if s.QueueLog != "" {
			s.QueueLog = filepath.Join(dirs.Log, s.QueueLog)
			s.Rotation.Others = []string{s.QueueLog}
		}
	}()
	file, findings, err := l.Optional("logger.conf")
	if err != nil {
		return s, findings, err
	}
	if file == nil {
		s.Files = []console.FileConfig{{
			Path:   filepath.Join(dirs.Log, "messages.log"),
			Levels: console.Levels{Notice: true, Warning: true, Error: true},
		}}
		return s, nil, nil
	}
	for _, sec := range file.Sections {
		switch strings.ToLower(sec.Name) {
		case "general":
			for _, v := range sec.Vars {
				switch {
				case strings.EqualFold(v.Name, "dateformat"):
					format, err := console.TimeFormat(v.Value)
					if err != nil {
						findings = append(findings, config.Finding{Pos: v.Pos, Severity: config.Warning, Rule: "bad-value", Message: err.Error()})
						break
					}
					s.TimeFormat = format
				case contains(loggerGeneral, v.Name):
					findings = append(findings, s.general(v)...)
				default:
					findings = append(findings, unknownKey(v, "logger.conf [general]", loggerGeneral))
				}
			}
		case "logfiles":
			for _, v := range sec.Vars {
				findings = append(findings, s.file(v, dirs)...)
			}
		default:
			findings = append(findings, unknownSection(sec, "logger.conf", []string{"general", "logfiles"}))
		}
	}
	return s, findings, nil
}

// general acts on a line of [general].
func (s *logSettings) general(v config.Variable) (findings []config.Finding) {
	bad := func(want string) {
		findings = append(findings, config.Finding{
			Pos: v.Pos, Severity: config.Error, Rule: "bad-value", Message: fmt.Sprintf("%s = %q is not %s; it is left out", v.Name, v.Value, want),
		})
	}
	on, isBool := config.Bool(v.Value)
	switch strings.ToLower(v.Name) {
	case "appendhostname":
		if !isBool {
			bad("yes or no")
		} else if name, err := os.Hostname(); on && err == nil {
			s.hostname = name
		}
	case "use_callids":
		if s.CallIDs = on; !isBool {
			s.CallIDs = true
			bad("yes or no")
		}
	case "queue_log":
		if !isBool {
			bad("yes or no")
		} else if !on {
			s.QueueLog = ""
		}
	case "queue_log_name":
		if v.Value == "" || !filepath.IsLocal(v.Value) {
			bad("the name of a file in the log directory")
		} else if s.QueueLog != "" {
			s.QueueLog = v.Value
		}
	case "rotatestrategy":
		if strategy := strings.ToLower(v.Value); contains(console.Rotations, strategy) {
			s.Rotation.Strategy = strategy
		} else {
			bad("sequential, rotate, timestamp or none")
		}
	case "exec_after_rotate":
		s.Rotation.After = v.Value
	default:
		findings = append(findings, config.Finding{Pos: v.Pos, Severity: config.Note, Rule: "no-effect", Message: v.Name + " has nothing to act on here"})
	}
	return findings
}

func (s *logSettings) file(v config.Variable, dirs Directories) (findings []config.Finding) {
	text, json := strings.TrimSpace(v.Value), false
	if strings.HasPrefix(text, "[") {
		format, rest, _ := strings.Cut(text[1:], "]")
		json = strings.EqualFold(strings.TrimSpace(format), "json")
		text = rest
	}
	levels, err := console.ParseLevels(text)
	if err != nil {
		findings = append(findings, config.Finding{
			Pos: v.Pos, Severity: config.Warning, Rule: "bad-value",
			Message: fmt.Sprintf("%s: %v", v.Name, err),
		})
	}
	name := strings.ToLower(v.Name)
	switch {
	case name == "console":
		levels.FollowDebug = true
		s.Console = levels
	case name == "syslog" || strings.HasPrefix(name, "syslog."):
		facility := strings.TrimPrefix(strings.TrimPrefix(name, "syslog"), ".")
		if !console.KnownFacility(facility) {
			return append(findings, config.Finding{
				Pos: v.Pos, Severity: config.Error, Rule: "bad-value", Message: fmt.Sprintf("syslog has no facility %q", facility),
			})
		}
		s.Syslog = append(s.Syslog, console.SyslogConfig{Facility: facility, Levels: levels})
	default:
		path := v.Name
		if !filepath.IsAbs(path) {
			if !filepath.IsLocal(path) {
				return append(findings, config.Finding{
					Pos: v.Pos, Severity: config.Error, Rule: "bad-value",
					Message: fmt.Sprintf("log file %q is outside the log directory", v.Name),
				})
			}
			path = filepath.Join(dirs.Log, path)
		}
		if s.hostname != "" {
			path += "." + s.hostname
		}
		s.Files = append(s.Files, console.FileConfig{Path: path, Levels: levels, JSON: json})
	}
	return findings
}
