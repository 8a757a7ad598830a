package agi

import (
	"fmt"
	"strconv"

	"pbx/channel"
	"pbx/event"
)

// variableCommands are those about variables, and what needs none.
func variableCommands() []command {
	return []command{
		{
			words: "get full variable", args: "expression [channel]", synopsis: "Evaluate a text of the dialplan", dead: true, least: 1, most: 2,
			help: "Substitutes variables, functions and expressions in a text such as \"${EXTEN:1}\", of the channel or of the one that is named. The result is 1 with the text in parentheses, or 0 when there is no such channel.",
			run: func(s *session, a []string) (reply, bool) {
				ch := s.named(a, 1)
				switch ch {
				case nil:
					return result("0"), true
				case s.ch:
					return value(s.t.Expand(a[0])), true
				}
				return value(s.agi.deps.Engine.Expand(ch, a[0])), true
			},
		},
		{
			words: "get variable", args: "name", synopsis: "Read a variable or function", dead: true, least: 1, most: 1,
			help: "The result is 1 with the value in parentheses, or 0 for a variable that is not set.",
			run: func(s *session, a []string) (reply, bool) {
				if v, ok := s.t.Read(a[0]); ok {
					return value(v), true
				}
				return result("0"), true
			},
		},
		{
			words: "noop", synopsis: "Do nothing", dead: true, most: -1, args: "[text]",
			help: "Does nothing. The result is 0.",
			run:  func(*session, []string) (reply, bool) { return result("0"), true },
		},
		{
			words: "set variable", args: "name value", synopsis: "Set a variable or function", dead: true, least: 2, most: 2,
			help: "Sets a variable of the channel, or writes a function. A value with blanks stands in quotes. The result is 1.",
			run: func(s *session, a []string) (reply, bool) {
				if err := s.t.Set(a[0], channel.Value{S: a[1]}); err != nil {
					s.t.Log().Warn(fmt.Sprintf("SET VARIABLE: %v", err))
				}
				return result("1"), true
			},
		},
		{
			words: "verbose", args: "message [level]", synopsis: "Show a message on the console", dead: true, least: 1, most: 2,
			help: "Shows the message at a verbose level of 1 to 4; 1 if none is given. The result is 1.",
			run: func(s *session, a []string) (reply, bool) {
				level := 1
				if len(a) > 1 {
					if n, err := strconv.Atoi(a[1]); err == nil && n >= 1 && n <= 10 {
						level = n
					}
				}
				event.Verbose(s.t.Log(), level, "%s: %s", s.data, a[0])
				return result("1"), true
			},
		},
	}
}

// databaseCommands are those of AstDB.
func databaseCommands() []command {
	return []command{
		{
			words: "database del", args: "family key", synopsis: "Remove an entry of the database", dead: true, least: 2, most: 2,
			help: "The result is 1, whether the entry was there or not; 0 when it cannot be removed.",
			run: func(s *session, a []string) (reply, bool) {
				_, err := s.agi.deps.Database.Delete(a[0], a[1])
				return s.stored("DATABASE DEL", err), true
			},
		},
		{
			words: "database deltree", args: "family [keytree]", synopsis: "Remove a part of the database", dead: true, least: 1, most: 2,
			help: "Removes a family, or what is below a key of it. The result is 0 when entries were removed and 1 when there were none, as programs know it.",
			run: func(s *session, a []string) (reply, bool) {
				key := ""
				if len(a) > 1 {
					key = a[1]
				}
				n, err := s.agi.deps.Database.DeleteTree(a[0], key)
				if err != nil {
					s.t.Log().Warn(fmt.Sprintf("DATABASE DELTREE: %v", err))
				}
				if n > 0 || err != nil {
					return result("0"), true
				}
				return result("1"), true
			},
		},
		{
			words: "database get", args: "family key", synopsis: "Read an entry of the database", dead: true, least: 2, most: 2,
			help: "The result is 1 with the value in parentheses, or 0 when there is no such entry.",
			run: func(s *session, a []string) (reply, bool) {
				if v, ok := s.agi.deps.Database.Get(a[0], a[1]); ok {
					return value(v), true
				}
				return result("0"), true
			},
		},
		{
			words: "database put", args: "family key value", synopsis: "Set an entry of the database", dead: true, least: 3, most: 3,
			help: "The result is 1, or 0 when the entry cannot be set.",
			run: func(s *session, a []string) (reply, bool) {
				return s.stored("DATABASE PUT", s.agi.deps.Database.Put(a[0], a[1], channel.Value{S: a[2]})), true
			},
		},
	}
}

func (s *session) stored(what string, err error) reply {
	if err != nil {
		s.t.Log().Warn(fmt.Sprintf("%s: %v", what, err))
		return result("0")
	}
	return result("1")
}

// speechCommands answer as an exchange without a speech engine does.
func speechCommands() []command {
	none := func(words, args, synopsis string, least int, dead bool) command {
		return command{
			words: "speech " + words, args: args, synopsis: synopsis, least: least, most: -1, dead: dead,
			help: synopsis + ". There is no speech engine: the result is 0.",
			run:  func(*session, []string) (reply, bool) { return result("0"), true },
		}
	}
	return []command{
		none("create", "engine", "Begin speech recognition", 1, false),
		none("set", "name value", "Set something of the speech engine", 2, false),
		none("destroy", "", "End speech recognition", 0, true),
		none("load grammar", "name path", "Load a grammar", 2, false),
		none("unload grammar", "name", "Unload a grammar", 1, true),
		none("activate grammar", "name", "Activate a grammar", 1, false),
		none("deactivate grammar", "name", "Deactivate a grammar", 1, false),
		none("recognize", "prompt timeout [offset]", "Play a sound and recognize what is said", 2, false),
		gosubCommand(),
	}
}
