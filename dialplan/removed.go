package dialplan

import (
	"strings"

	"pbx/config"
)

// What plans of older versions name and the field no longer has, by lower-case
// names, with what does the same now. Offices come from all of them.
var (
	removedApplications = oldNames(`
setvar Set(name=value)|setglobalvar Set(GLOBAL(name)=value)
setcidnum Set(CALLERID(num)=…)|setcidname Set(CALLERID(name)=…)|setcallerid Set(CALLERID(all)=…)|setrdnis Set(CALLERID(rdnis)=…)
setani Set(CALLERID(ani)=…)|setcallerpres Set(CALLERID(pres)=…)|callingpres Set(CALLERID(pres)=…)
digittimeout Set(TIMEOUT(digit)=…)|responsetimeout Set(TIMEOUT(response)=…)|absolutetimeout Set(TIMEOUT(absolute)=…)|timeout Set(TIMEOUT(response)=…)
setaccount Set(CHANNEL(accountcode)=…)|setlanguage Set(CHANNEL(language)=…)|setmusiconhold Set(CHANNEL(musicclass)=…)
settransfercapability Set(CHANNEL(transfercapability)=…)|waitmusiconhold MusicOnHold(class,seconds)
setcdruserfield Set(CDR(userfield)=…)|appendcdruserfield Set(CDR(userfield)=${CDR(userfield)}…)
dbget Set(name=${DB(family/key)})|dbput Set(DB(family/key)=value)|dbdel NoOp(${DB_DELETE(family/key)})
setgroup Set(GROUP()=…)|getgroupcount ${GROUP_COUNT(group)}|getgroupmatchcount ${GROUP_MATCH_COUNT(group)}|checkgroup GotoIf($[${GROUP_COUNT()} > …]?…)
cut ${CUT(name,delimiter,fields)}|math ${MATH(…)}|md5 ${MD5(…)}|md5check $["${MD5(…)}" = "…"]|sort ${SORT(…)}|eval ${EVAL(…)}|curl ${CURL(…)}
random GotoIf($[${RAND(1,100)} <= …]?…)|stripmsd ${EXTEN:1}|stripleadingdigits ${EXTEN:1}|prefix Goto(…${EXTEN},1)|strip ${EXTEN:0:-1}
lookupcidname Set(CALLERID(name)=${DB(cidname/${CALLERID(num)})})|lookupblacklist GotoIf(${BLACKLIST()}?…)
enumlookup ${ENUMLOOKUP(…)}|txtcidname ${TXTCIDNAME(…)}|checksipdomain ${CHECKSIPDOMAIN(…)}|sipgetheader ${SIP_HEADER(…)}
realtime ${REALTIME(…)}|realtimeupdate Set(REALTIME(…)=…)|readfile Set(name=${FILE(path)})
hasvoicemail ${VMCOUNT(mailbox)}|hasnewvoicemail ${VMCOUNT(mailbox)}|mailboxexists ${VM_INFO(mailbox,exists)}
rxfax ReceiveFAX|txfax SendFAX|zapbarge ChanSpy|dahdibarge ChanSpy|zapscan ChanSpy|dpickup Pickup|agentcallbacklogin AddQueueMember`)

	removedFunctions = oldNames(`
language CHANNEL(language)|musicclass CHANNEL(musicclass)|callerpres CALLERID(pres)|check_md5 MD5|queueagentcount QUEUE_MEMBER_COUNT
mailbox_exists VM_INFO(mailbox,exists)|accountcode CHANNEL(accountcode)`)

	removedVariables = oldNames(`
callerid CALLERID(all)|calleridnum CALLERID(num)|calleridname CALLERID(name)|calleridani CALLERID(ani)|dnid CALLERID(dnid)|rdnis CALLERID(rdnis)
language CHANNEL(language)|accountcode CHANNEL(accountcode)|datetime STRFTIME(${EPOCH},,%d%m%Y-%H:%M:%S)|timestamp STRFTIME(${EPOCH},,%Y%m%d-%H%M%S)`)
)

func oldNames(list string) map[string]string {
	m := make(map[string]string)
	for entry := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == '|' || r == '\n' }) {
		name, now, _ := strings.Cut(entry, " ")
		m[name] = now
	}
	return m
}

// ApplicationHint is what to write for the name of an application that there is not,
// "" if nothing is near.
func (c *Catalog) ApplicationHint(name string) string {
	var names []string
	for _, a := range c.Applications() {
		names = append(names, a.Name)
	}
	return instead(name, removedApplications, names)
}

// FunctionHint is the same for functions.
func (c *Catalog) FunctionHint(name string) string {
	var names []string
	for _, f := range c.Functions() {
		names = append(names, f.Name)
	}
	return instead(name, removedFunctions, names)
}

func instead(name string, removed map[string]string, names []string) string {
	if now, ok := removed[strings.ToLower(name)]; ok {
		return "it was removed; write " + now
	}
	if near := config.Nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}

// OldVariable is what tells now what a variable told that the exchange no longer
// sets.
func OldVariable(name string) (now string, ok bool) {
	if name != strings.ToUpper(name) {
		return "", false
	}
	now, ok = removedVariables[strings.ToLower(name)]
	return now, ok
}
