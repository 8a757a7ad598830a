package funcs

import (
	"fmt"

	"pbx/channel"
	"pbx/decl"
)

// Applications are those that belong to functions: the ends of queries and
// transactions.
func Applications() []channel.Application {
	id := func(help string, optional bool) []decl.Arg {
		return []decl.Arg{{Name: "id", Help: help, Optional: optional}}
	}
	end := func(name, synopsis string, commit bool) channel.Application {
		return channel.Application{
			Name: name, Synopsis: synopsis, Args: id("The transaction, by the name of its database; the active one without it.", true),
			Help: "Ends a transaction that Set(ODBC(transaction)=NAME) began.",
			Run: func(t channel.Thread, a *decl.Args) error {
				if err := EndODBC(t.Channel(), a.Arg(0), commit); err != nil {
					t.Log().Warn(fmt.Sprintf("%s: %v", name, err))
				}
				return nil
			},
		}
	}
	return []channel.Application{
		{
			Name: "ODBCFinish", Synopsis: "Forget the rows of a query", Args: id("What the function with mode=multirow returned.", false),
			Help: "Rows that nobody fetched go with the call in any case.",
			Run: func(t channel.Thread, a *decl.Args) error {
				FinishODBC(t.Channel(), a.Arg(0))
				return nil
			},
		},
		end("ODBC_Commit", "Keep what a transaction did", true),
		end("ODBC_Rollback", "Take back what a transaction did", false),
	}
}
