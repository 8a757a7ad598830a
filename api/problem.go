package api

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Problem is the body of every answer that is not a success (RFC 9457).
type Problem struct {
	Type   string `json:"type" doc:"about:blank: the status says what kind of problem it is"`
	Title  string `json:"title" doc:"the phrase of the status"`
	Status int    `json:"status" doc:"the status of the answer"`
	Detail string `json:"detail,omitempty" doc:"what is wrong, for a person"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

func problem(status int, format string, args ...any) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// write sends the problem.
func (p *Problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // who has hung up does not hear it
}

// NewProblem is a problem that the answer's status tells, for a Directory to return.
func NewProblem(status int, detail string) *Problem { return problem(status, "%s", detail) }
