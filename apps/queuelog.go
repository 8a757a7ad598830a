package apps

import (
	"pbx/channel"
	"pbx/decl"
)

func queueLog(s *set) channel.Application {
	return channel.Application{
		Name:     "QueueLog",
		Synopsis: "Write a line to queue_log",
		Help:     `Writes an event of one's own to the file that reports of call queues are made of.`,
		Args: []decl.Arg{
			{Name: "queuename", Help: "The queue."},
			{Name: "uniqueid", Help: "The call, by its UNIQUEID."},
			{Name: "agent", Help: "Who serves it."},
			{Name: "event", Help: "What happened, in one word."},
			{Name: "additionalinfo", Help: "What else there is to say, divided by |.", Optional: true},
		},
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) || !args.Has(1) || !args.Has(2) || !args.Has(3) {
				warn(t, "QueueLog requires arguments (queuename,uniqueid,agent,event[,additionalinfo])")
				return nil
			}
			if s.queueLog != nil {
				s.queueLog.Add(args.Arg(1), args.Arg(0), args.Arg(2), args.Arg(3), args.Arg(4))
			}
			return nil
		},
	}
}
