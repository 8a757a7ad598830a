package api

import (
	"net/http"
	"reflect"
)

// route is one path with one method: what it needs, takes and gives.
type route struct {
	method, path string
	// need is the permission of a token; a SIP device may where device is set, about
	// its own calls.
	need    permissions
	device  bool
	summary string
	help    string
	// places are the parts of the path in braces, query what may stand behind it.
	places, query []parameter
	// in and out are values of the types that the body has; nil is no body.
	in, out any
	status  int // of a success
	// problems are the statuses that the path has besides those of all.
	problems []int
	run      func(s *Server, r *request) (any, error)
	// raw answers for itself.
	raw func(s *Server, r *request) error
}

// parameter is a part of the path or of the query.
type parameter struct {
	name, help string
	values     []string // what it may be, nil for anything
}

// take makes a value of the type that the body has.
func (t *route) take() any { return reflect.New(reflect.TypeOf(t.in)).Interface() }

// input is the body of a request to a route whose in is a T.
func input[T any](r *request) *T { return r.in.(*T) }

// routes is the interface: the server answers these, and the OpenAPI document tells
// them.
func routes() []route {
	channelID := parameter{name: "id", help: "the id or the name of a channel, such as 1764340000.12 or SIP%2F101-0000000c"}
	peer := parameter{name: "name", help: "the section of sip.conf"}
	const get, post, remove = http.MethodGet, http.MethodPost, http.MethodDelete
	return []route{
		{
			method: get, path: "/api/channels", need: mayRead, device: true, summary: "List the channels", run: (*Server).listChannels, out: ChannelList{}, status: 200,
			help: "Every leg of every call, oldest first. A SIP device sees its own.",
		},
		{
			method: get, path: "/api/channels/{id}", need: mayRead, device: true, summary: "Show a channel", run: (*Server).showChannel, out: Channel{}, status: 200,
			places: []parameter{channelID}, problems: []int{404},
		},
		{
			method: remove, path: "/api/channels/{id}", need: mayControl, device: true, summary: "Hang up a channel", run: (*Server).hangup, status: 204,
			help:   "Asks the channel to end; the event channel.hangup tells when it has. A SIP device may hang up its own.",
			places: []parameter{channelID}, query: []parameter{{name: "cause", help: "a Q.850 cause, 16 without it"}}, problems: []int{404},
		},
		{
			method: post, path: "/api/channels/{id}/redirect", need: mayControl, summary: "Send a channel elsewhere", run: (*Server).redirect, in: Redirect{}, status: 204,
			help:   "The channel goes on at another place of the dialplan, and another channel with it where also is given.",
			places: []parameter{channelID}, problems: []int{404, 409, 422},
		},
		{
			method: get, path: "/api/calls", need: mayRead, device: true, summary: "List calls that were asked for", run: (*Server).listCalls, out: CallList{}, status: 200,
			help: "The calls that POST /api/calls placed, oldest first: those that are under way and the last 1000 that are over. A SIP device sees those that it asked for.",
		},
		{
			method: post, path: "/api/calls", need: mayOriginate, device: true, summary: "Place a call", run: (*Server).placeCall, in: NewCall{}, out: Call{}, status: 202,
			help:     "Calls a device and sends it, when it answers, to an extension. The answer comes at once with 202, or with wait when the device has answered or will not with 200. A SIP device calls itself: from is its own name, context its own.",
			problems: []int{409, 422, 503},
		},
		{
			method: get, path: "/api/calls/{id}", need: mayRead, device: true, summary: "Show a call that was asked for", run: (*Server).showCall, out: Call{}, status: 200,
			places: []parameter{{name: "id", help: "the id of the call"}}, problems: []int{404},
		},
		{method: get, path: "/api/peers", need: mayRead, summary: "List the SIP peers", run: (*Server).listPeers, out: PeerList{}, status: 200},
		{
			method: get, path: "/api/peers/{name}", need: mayRead, summary: "Show a SIP peer", run: (*Server).showPeer, out: Peer{}, status: 200,
			places: []parameter{peer}, problems: []int{404},
		},
		{
			method: get, path: "/api/peers/{name}/contacts", need: mayRead, summary: "List where a peer is registered", run: (*Server).listContacts, out: ContactList{}, status: 200,
			places: []parameter{peer}, problems: []int{404},
		},
		{
			method: post, path: "/api/peers/{name}/contacts", need: mayControl, summary: "Have another device ring with a peer", run: (*Server).addContact,
			in: NewContact{}, out: Contact{}, status: 201, places: []parameter{peer}, problems: []int{404, 422},
		},
		{
			method: remove, path: "/api/peers/{name}/contacts/{uri}", need: mayControl, summary: "Take a contact away", run: (*Server).removeContact, status: 204,
			help:   "Forgets a contact: one that was added, or one that the device registered, until it registers again.",
			places: []parameter{peer, {name: "uri", help: "as the list of contacts has it"}}, problems: []int{404},
		},
		{method: get, path: "/api/registrations", need: mayRead, summary: "List the registrations with providers", run: (*Server).listRegistrations, out: RegistrationList{}, status: 200},
		{
			method: post, path: "/api/reload", need: mayConfig, summary: "Read the configuration again", run: (*Server).reload, in: Reload{}, out: Reloaded{}, status: 200,
			help: "All files are read before any is taken in: with one that cannot be read the old configuration goes on, and the answer is 409. dry_run tells what would change.", problems: []int{409},
		},
		{
			method: get, path: "/api/check", need: mayConfig, summary: "Check the configuration", run: (*Server).check, out: Checked{}, status: 200,
			help: "What `pbx check` finds in the files as they are now.",
		},
		{method: get, path: "/api/stats", need: mayRead, summary: "Show the numbers of the moment", run: (*Server).stats, out: Stats{}, status: 200},
		{
			method: get, path: "/api/events", need: mayEvents, summary: "Open a WebSocket with events", raw: (*Server).events, status: 101,
			help: "Each message is one event as JSON, the schema Event, from then on. A page gives its token as the subprotocol bearer.TOKEN beside pbx.events. Who does not read is dropped.",
			query: []parameter{
				{name: "events", help: "names such as dial.end, channel.*, or !call.record; all that do not come often without it"},
				{name: "fields", help: "the members that are wanted beside id and event; all without it"},
			},
			problems: []int{426, 503},
		},
		{
			method: get, path: "/api/openapi.json", device: true, summary: "This document", raw: (*Server).openAPI, out: map[string]any{}, status: 200,
		},
	}
}
