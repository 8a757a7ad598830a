package api

import "net/http"

// Reload is what a reload takes.
type Reload struct {
	DryRun bool `json:"dry_run,omitempty" doc:"say what would change, and change nothing"`
}

// Reloaded is what a reload makes different.
type Reloaded struct {
	DryRun   bool      `json:"dry_run"`
	Changes  []Change  `json:"changes"`
	Files    []string  `json:"files" doc:"other files that have changed"`
	Calls    []string  `json:"calls" doc:"the channels that run in what changed; they keep the old one"`
	Findings []Finding `json:"findings" doc:"what is wrong with the files"`
}

// Change is one difference.
type Change struct {
	How    string `json:"how" enum:"added,changed,gone"`
	File   string `json:"file" doc:"where it stands now, or stood"`
	Line   int    `json:"line"`
	Name   string `json:"name" doc:"such as 102 in [office]"`
	Detail string `json:"detail,omitempty"`
}

// Checked is what `pbx check` finds.
type Checked struct {
	Failed   bool      `json:"failed" doc:"whether a file holds an error"`
	Findings []Finding `json:"findings"`
}

// Finding is one thing to tell about the configuration.
type Finding struct {
	Severity string `json:"severity" enum:"note,warning,error"`
	Rule     string `json:"rule" doc:"as in docs/reference/check.md"`
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

func (s *Server) reload(r *request) (any, error) {
	out, err := s.deps.Reload(input[Reload](r).DryRun)
	if err != nil {
		return nil, problem(http.StatusConflict, "the old configuration goes on: %v", err)
	}
	return out, nil
}

// check reads all files, one request at a time.
func (s *Server) check(*request) (any, error) {
	s.checking.Lock()
	defer s.checking.Unlock()
	return s.deps.Check(), nil
}

// Stats are the numbers of the moment.
type Stats struct {
	Version       string   `json:"version"`
	SystemName    string   `json:"system_name,omitempty"`
	UptimeSeconds int64    `json:"uptime_seconds"`
	ReloadSeconds int64    `json:"reload_seconds" doc:"time since the configuration was read"`
	Calls         int      `json:"calls" doc:"calls that are up"`
	CallsTotal    uint64   `json:"calls_total"`
	Channels      int      `json:"channels"`
	RTPSessions   int      `json:"rtp_sessions"`
	CPUSeconds    float64  `json:"cpu_seconds" doc:"processor time since the start"`
	MemoryBytes   uint64   `json:"memory_bytes" doc:"memory in use that is resident"`
	SIP           SIPStats `json:"sip"`
}

// SIPStats are the counters of the SIP driver.
type SIPStats struct {
	Peers           int    `json:"peers"`
	Reachable       int    `json:"reachable" doc:"peers that a call could reach"`
	Received        uint64 `json:"received" doc:"messages"`
	Sent            uint64 `json:"sent"`
	Malformed       uint64 `json:"malformed"`
	Retransmissions uint64 `json:"retransmissions"`
	Timeouts        uint64 `json:"timeouts"`
	Transactions    int    `json:"transactions" doc:"those that are not over"`
}

func (s *Server) stats(*request) (any, error) { return s.deps.Stats(), nil }

// openAPI answers with the document.
func (s *Server) openAPI(r *request) error {
	h := r.w.Header()
	h.Set("Content-Type", "application/json")
	_, _ = r.w.Write(s.document()) // who has hung up does not hear it
	return nil
}
