package manager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// listActions list channels and bridges.
func (s *Server) listActions() []decl.Action {
	reporting := []string{"system", "reporting"}
	bridge := []decl.Arg{{Name: "BridgeUniqueid"}}
	return []decl.Action{
		{Name: "CoreShowChannels", Synopsis: "List currently active channels.", Help: "Lists every channel with what it does.", Classes: reporting, Run: s.showChannels},
		{
			Name: "CoreShowChannelMap", Synopsis: "List all channels connected to the specified channel.", Classes: reporting, Run: s.channelMap,
			Help: "Lists the channels that a channel is connected with, through bridges and Local channels.", Args: []decl.Arg{named("")},
		},
		{
			Name: "Status", Synopsis: "List channel status.", Classes: []string{"system", "call", "reporting"}, Run: s.status,
			Help: "Tells everything about one channel, or all of them.",
			Args: []decl.Arg{
				{Name: "Channel", Optional: true},
				{Name: "Variables", Help: "names of variables, divided by commas", Optional: true},
				{Name: "AllVariables", Help: "true tells all of them", Optional: true},
			},
		},
		{Name: "BridgeList", Synopsis: "Get a list of bridges in the system.", Help: "Lists the bridges.", Args: []decl.Arg{{Name: "BridgeType", Optional: true}}, Run: s.bridgeList},
		{Name: "BridgeInfo", Synopsis: "Get information about a bridge.", Help: "Lists the channels of a bridge.", Args: bridge, Run: s.bridgeInfo},
		{Name: "BridgeDestroy", Synopsis: "Destroy a bridge.", Help: "Ends the calls in a bridge.", Args: bridge, Run: s.bridgeDestroy},
		{
			Name: "BridgeKick", Synopsis: "Kick a channel from a bridge.", Help: "Ends one channel of a bridge.",
			Args: []decl.Arg{{Name: "BridgeUniqueid", Optional: true}, named("")}, Run: s.bridgeKick,
		},
		{
			Name: "BridgeTechnologyList", Synopsis: "List available bridging technologies and their statuses.", Help: "Lists how channels are joined.",
			Run: func(_ context.Context, r *decl.ActionRequest) error {
				r.List("Bridge technology listing will follow")
				r.Entry("BridgeTechnologyListItem", "BridgeTechnology", bridgeTechnology(2), "BridgeType", "1to1mix", "BridgePriority", "50", "BridgeSuspended", "No")
				r.Entry("BridgeTechnologyListItem", "BridgeTechnology", bridgeTechnology(3), "BridgeType", "multimix", "BridgePriority", "10", "BridgeSuspended", "No")
				return r.Done("BridgeTechnologyListComplete")
			},
		},
	}
}

// fields are the lines that every list tells of a channel.
func (s *Server) fields(ch *channel.Channel, c *channel.Snapshot) []any {
	out := []any{
		"Channel", c.Name, "ChannelState", int(c.State), "ChannelStateDesc", c.State.String(),
		"CallerIDNum", known(c.Identity.Caller.Number), "CallerIDName", known(c.Identity.Caller.Name),
		"ConnectedLineNum", known(c.Identity.Connected.Number), "ConnectedLineName", known(c.Identity.Connected.Name),
		"Language", cmp.Or(c.Language, "en"), "AccountCode", c.Account,
		"Context", c.Location.Context, "Exten", c.Location.Exten, "Priority", max(c.Location.Priority, 1),
		"Uniqueid", c.Uniqueid, "Linkedid", c.Linkedid,
	}
	for _, name := range s.settings.Load().ChannelVars {
		if value, err := s.deps.Engine.Read(ch, name, true); err == nil {
			out = append(out, "ChanVariable", name+"="+value.S)
		}
	}
	return out
}

func (s *Server) showChannels(_ context.Context, r *decl.ActionRequest) error {
	now := s.deps.Now()
	r.List("Channels will follow")
	for _, ch := range s.deps.Registry.Channels() {
		c := ch.Snapshot()
		d := int(now.Sub(c.Created).Seconds())
		r.Entry("CoreShowChannel", append(s.fields(ch, &c),
			"Application", c.App, "ApplicationData", c.Data, "Duration", fmt.Sprintf("%02d:%02d:%02d", d/3600, d/60%60, d%60), "BridgeId", c.BridgeID)...)
	}
	return r.Done("CoreShowChannelsComplete")
}

func (s *Server) status(_ context.Context, r *decl.ActionRequest) error {
	if !mayRead(r, r.Get("Variables")) {
		return errors.New("Status Access Forbidden: Variables")
	}
	list := s.deps.Registry.Channels()
	one, err := s.optional(r)
	if err != nil {
		return err
	}
	if one != nil {
		list = []*channel.Channel{one}
	}
	variables := decl.Split(r.Get("Variables"), 0) // a function's arguments have commas of their own
	now := s.deps.Now()
	r.List("Channel status will follow")
	for _, ch := range list {
		c, set := ch.Snapshot(), ch.Settings()
		var end int64 // the time of day when it is hung up, 0 for never
		if d := s.deps.Engine.Left(ch); d > 0 {
			end = now.Add(d).Unix()
		}
		format := ""
		if m := ch.Media(); m != nil {
			format = m.Format()
		}
		if format == "" && len(set.Formats) > 0 {
			format = set.Formats[0]
		}
		out := append([]any{"Privilege", "Call"}, s.fields(ch, &c)...)
		out = append(out,
			"Type", c.Tech, "DNID", c.Identity.DNID,
			"EffectiveConnectedLineNum", known(c.Identity.Connected.Number), "EffectiveConnectedLineName", known(c.Identity.Connected.Name),
			"TimeToHangup", end, "BridgeID", c.BridgeID, "Application", c.App, "Data", c.Data,
			"Nativeformats", "("+strings.Join(set.Formats, "|")+")", "Readformat", format, "Readtrans", "", "Writeformat", format, "Writetrans", "",
			"Callgroup", strconv.FormatUint(set.CallGroup, 10), "Pickupgroup", strconv.FormatUint(set.PickupGroup, 10),
			"Seconds", int(now.Sub(c.Created).Seconds()))
		for _, name := range variables {
			v, _ := s.deps.Engine.Read(ch, name, r.Fenced) // one that cannot be read is empty
			out = append(out, "Variable", name+"="+v.S)
		}
		if r.True("AllVariables") {
			for _, v := range ch.Variables() {
				out = append(out, "Variable", v.Name+"="+v.Value.S)
			}
		}
		r.EntryLast("Status", out...)
	}
	return r.Done("StatusComplete", "Items", r.Count())
}

func (s *Server) channelMap(_ context.Context, r *decl.ActionRequest) error {
	ch, err := s.find(r, errors.New("CoreShowChannelMap requires a channel."), errors.New("Could not get channel snapshot"))
	if err != nil {
		return err
	}
	seen := []*channel.Channel{ch}
	for i := 0; i < len(seen); i++ {
		near := []*channel.Channel{seen[i].Bridged(), s.otherHalf(seen[i])}
		for _, n := range near {
			if n != nil && !slices.Contains(seen, n) {
				seen = append(seen, n)
			}
		}
	}
	r.List("Channel map will follow")
	for _, n := range seen[1:] {
		r.Entry("CoreShowChannelMap", "Channel", ch.Name(), "ConnectedChannel", n.Name())
	}
	return r.Done("CoreShowChannelMapComplete")
}

// otherHalf is the other half of a Local channel, nil for any other.
func (s *Server) otherHalf(ch *channel.Channel) *channel.Channel {
	name := ch.Name()
	base, half, ok := strings.Cut(name, ";")
	if !ok || !strings.HasPrefix(name, "Local/") {
		return nil
	}
	other := map[string]string{"1": "2", "2": "1"}[half]
	o, _ := s.deps.Registry.Find(base + ";" + other)
	return o
}

// bridges are the bridges with their channels, in the order of their ids.
func (s *Server) bridges() (ids []string, members map[string][]*channel.Channel) {
	members = make(map[string][]*channel.Channel)
	for _, ch := range s.deps.Registry.Channels() {
		if id := ch.Snapshot().BridgeID; id != "" {
			if members[id] == nil {
				ids = append(ids, id)
			}
			members[id] = append(members[id], ch)
		}
	}
	slices.Sort(ids)
	return ids, members
}

func bridgeFields(id string, members int) []any {
	return []any{
		"BridgeUniqueid", id, "BridgeType", "basic", "BridgeTechnology", bridgeTechnology(members), "BridgeCreator", "<unknown>", "BridgeName", "<unknown>",
		"BridgeNumChannels", members, "BridgeVideoSourceMode", "none",
	}
}

func (s *Server) bridgeList(_ context.Context, r *decl.ActionRequest) error {
	ids, members := s.bridges()
	r.List("Bridge listing will follow")
	kind := strings.ToLower(r.Get("BridgeType")) // which may be a technology
	for _, id := range ids {
		if n := len(members[id]); kind == "" || kind == "basic" || kind == bridgeTechnology(n) {
			r.Entry("BridgeListItem", bridgeFields(id, n)...)
		}
	}
	return r.Done("BridgeListComplete")
}

// bridge are the channels of the bridge that a request names.
func (s *Server) bridge(r *decl.ActionRequest) (id string, members []*channel.Channel, err error) {
	id = r.Get("BridgeUniqueid")
	if id == "" {
		return "", nil, errors.New("BridgeUniqueid must be provided")
	}
	_, all := s.bridges()
	if len(all[id]) == 0 {
		return "", nil, errors.New("Specified BridgeUniqueid not found")
	}
	return id, all[id], nil
}

func (s *Server) bridgeInfo(_ context.Context, r *decl.ActionRequest) error {
	id, members, err := s.bridge(r)
	if err != nil {
		return err
	}
	r.List("Bridge channel listing will follow")
	for _, ch := range members {
		c := ch.Snapshot()
		r.Entry("BridgeInfoChannel", s.fields(ch, &c)...)
	}
	return r.Done("BridgeInfoComplete", bridgeFields(id, len(members))...)
}

func (s *Server) bridgeDestroy(_ context.Context, r *decl.ActionRequest) error {
	_, members, err := s.bridge(r)
	if err != nil {
		return err
	}
	for _, ch := range members {
		ch.SoftHangup(channel.CauseNormalClearing)
	}
	return r.OK("Bridge has been destroyed")
}

func (s *Server) bridgeKick(_ context.Context, r *decl.ActionRequest) error {
	ch, err := s.find(r, errors.New("Channel must be provided"), errors.New("Channel does not exist"))
	if err != nil {
		return err
	}
	id := ch.Snapshot().BridgeID
	switch want := r.Get("BridgeUniqueid"); {
	case want == "" && id == "":
		return errors.New("Channel is not in a bridge")
	case want != "" && want != id:
		if _, members := s.bridges(); len(members[want]) == 0 {
			return errors.New("Bridge not found")
		}
		return errors.New("Channel kick from bridge failed")
	}
	ch.SoftHangup(channel.CauseNormalClearing)
	return r.OK("Channel has been kicked")
}
