package api

import (
	"net/http"
	"time"
)

// PeerList is the answer with several peers.
type PeerList struct {
	Peers []Peer `json:"peers"`
}

// Peer is a section of sip.conf that can be called.
type Peer struct {
	Name        string    `json:"name"`
	Type        string    `json:"type" enum:"peer,friend"`
	Description string    `json:"description,omitempty"`
	Context     string    `json:"context" doc:"where its calls go"`
	Caller      Party     `json:"caller" doc:"callerid of its section"`
	Host        string    `json:"host,omitempty" doc:"host of its section, empty for one that registers"`
	Dynamic     bool      `json:"dynamic" doc:"whether it registers"`
	Address     string    `json:"address,omitempty" doc:"where requests go, while that is known"`
	Transport   string    `json:"transport,omitempty"`
	Status      string    `json:"status" doc:"as in sip show peers: OK (12 ms), LAGGED, UNREACHABLE, UNKNOWN, Unmonitored"`
	RTTMillis   float64   `json:"rtt_ms,omitempty" doc:"time to its last answer, in milliseconds"`
	State       string    `json:"state" doc:"its device state: NOT_INUSE, INUSE, RINGING …"`
	InUse       int       `json:"in_use" doc:"calls that are counted"`
	Ringing     int       `json:"ringing"`
	OnHold      int       `json:"on_hold"`
	CallLimit   int       `json:"call_limit,omitempty"`
	Codecs      []string  `json:"codecs" doc:"best first"`
	Contacts    []Contact `json:"contacts"`
}

// ContactList is the answer with several contacts.
type ContactList struct {
	Contacts []Contact `json:"contacts"`
}

// Contact is where a peer is registered, or another device that rings with it.
type Contact struct {
	URI       string     `json:"uri"`
	Address   string     `json:"address,omitempty" doc:"where requests go; none where that is looked up"`
	Transport string     `json:"transport"`
	Expires   *time.Time `json:"expires,omitempty" doc:"never without it"`
	Q         float64    `json:"q" doc:"preference, 0 to 1"`
	Static    bool       `json:"static" doc:"whether it was added, not registered"`
	Status    string     `json:"status"`
	UserAgent string     `json:"user_agent,omitempty"`
}

// NewContact is a device that is to ring with a peer.
type NewContact struct {
	Device  string   `json:"device" doc:"sip:user@host or number@trunk"`
	Seconds int      `json:"seconds,omitempty" doc:"how long it holds, for ever without it"`
	Q       *float64 `json:"q,omitempty" doc:"preference, 0 to 1; 1 without it"`
}

// RegistrationList is the answer with several registrations.
type RegistrationList struct {
	Registrations []Registration `json:"registrations"`
}

// Registration is one of ours with somebody else.
type Registration struct {
	Host    string     `json:"host"`
	User    string     `json:"user"`
	State   string     `json:"state" doc:"Registered, Request Sent, No Authentication …"`
	Refresh int        `json:"refresh" doc:"seconds from one REGISTER to the next"`
	Since   *time.Time `json:"since,omitempty" doc:"when it succeeded last"`
}

func (s *Server) listPeers(*request) (any, error) {
	list, err := s.deps.Directory.Peers()
	if list == nil {
		list = []Peer{}
	}
	return PeerList{list}, err
}

func (s *Server) showPeer(r *request) (any, error) {
	return s.deps.Directory.Peer(r.PathValue("name"))
}

func (s *Server) listContacts(r *request) (any, error) {
	p, err := s.deps.Directory.Peer(r.PathValue("name"))
	return ContactList{p.Contacts}, err
}

// maxSeconds is how long a contact may hold that does not hold for ever.
const maxSeconds = 10 * 365 * 86400

func (s *Server) addContact(r *request) (any, error) {
	in := input[NewContact](r)
	switch {
	case in.Seconds < 0 || in.Seconds > maxSeconds:
		return nil, problem(http.StatusUnprocessableEntity, "seconds: %d is not a time", in.Seconds)
	case in.Q != nil && (*in.Q < 0 || *in.Q > 1):
		return nil, problem(http.StatusUnprocessableEntity, "q: %g is not from 0 to 1", *in.Q)
	}
	return s.deps.Directory.AddContact(r.PathValue("name"), *in)
}

func (s *Server) removeContact(r *request) (any, error) {
	return nil, s.deps.Directory.RemoveContact(r.PathValue("name"), r.PathValue("uri"))
}

func (s *Server) listRegistrations(*request) (any, error) {
	list, err := s.deps.Directory.Registrations()
	if list == nil {
		list = []Registration{}
	}
	return RegistrationList{list}, err
}
