package funcs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/database"
	"pbx/decl"
)

// maxRows is how many rows a query keeps where its section says nothing.
const maxRows = 10_000

var errNoDatabases = errors.New("there is no database: res_odbc.conf names them")

// odbcFunctions are those of the sections of func_odbc.conf, and what belongs to
// them.
func odbcFunctions(d Deps) []channel.Function {
	all := []channel.Function{
		{
			Name: "ODBC_FETCH", Synopsis: "The next row of a query", Outside: true, SeeAlso: []string{"ODBC"},
			Help: "For a section of func_odbc.conf with mode=multirow the argument is what its function returned; for one with a rowlimit it is the name of the function, whose first row is read already. ODBC_FETCH_STATUS is SUCCESS or, behind the last row, FAILURE.",
			Args: []decl.Arg{arg("result-id", "the query")},
			Read: fetchRow,
		},
		{
			Name: "ODBC", Synopsis: "The transaction of a call", Outside: true,
			Help:  "Set(ODBC(transaction)=NAME) begins a transaction in that section of res_odbc.conf; what the channel asks there belongs to it until ODBC_Commit or ODBC_Rollback, which end it. isolation, a level such as read_committed, counts for the next one. A transaction that nobody ends is taken back at the end of the call, or kept with forcecommit=yes.",
			Args:  []decl.Arg{arg("property", "transaction, forcecommit or isolation"), optional("ID", "the transaction, by the name of its database")},
			Read:  readTransaction,
			Write: func(t channel.Thread, a *decl.Args, v string) error { return writeTransaction(t, d, a, v) },
		},
	}
	if d.Databases == nil {
		return all
	}
	for _, f := range d.Databases.Settings().Functions {
		all = append(all, odbcFunction(d, f))
	}
	return all
}

// odbcFunction declares the function of a section. What it does is looked up when it
// is called: a reload changes the section.
func odbcFunction(d Deps, f *database.Function) channel.Function {
	name := f.Name
	x := channel.Function{
		Name: name, Synopsis: f.Synopsis, Outside: true, Dangerous: true, Raw: true,
		Args: []decl.Arg{{Name: "arg", Help: "the arguments of the statement", Optional: true, Repeat: true}},
		Help: "A section of func_odbc.conf.",
	}
	if x.Synopsis == "" {
		x.Synopsis = "Ask a database"
	}
	if f.Syntax != "" {
		x.Help += " Its arguments: " + f.Syntax + "."
	}
	find := func() (*database.Function, error) {
		if f, ok := d.Databases.Function(name); ok {
			return f, nil
		}
		return nil, errors.New("func_odbc.conf has no such section any more")
	}
	if f.Read != "" {
		x.Read = func(t channel.Thread, a *decl.Args) (string, error) {
			f, err := find()
			if err != nil {
				return "", err
			}
			return readODBC(t, d, f, a)
		}
	}
	if f.Write != "" {
		x.Write = func(t channel.Thread, a *decl.Args, v string) error {
			f, err := find()
			if err != nil {
				return err
			}
			return writeODBC(t, d, f, a, v)
		}
	}
	return x
}

func readODBC(t channel.Thread, d Deps, f *database.Function, a *decl.Args) (string, error) {
	c := t.Channel()
	status := func(word string, rows int) {
		c.SetVar("ODBCSTATUS", channel.Clean(word))
		c.SetVar("ODBCROWS", channel.Clean(strconv.Itoa(rows)))
	}
	status("FAILURE", 0)
	sql, err := statement(t, f.Read, divide(a.Raw, a.Taint), nil)
	if err != nil {
		return "", err
	}
	limit := f.Limit
	switch {
	case limit > 0:
	case f.MultiRow:
		limit = maxRows
	default:
		limit = 1
	}
	var found database.Table
	ctx, cancel := c.Context()
	defer cancel()
	err = d.Databases.Try(ctx, f.ReadOn, func(s *database.Source) (err error) {
		found, err = s.Query(ctx, transactionIn(c, s), limit, sql)
		return err
	})
	if err != nil {
		return "", err
	}
	a.Tainted = f.Tainted
	if len(found.Rows) == 0 {
		status("NODATA", 0)
		return "", nil
	}
	status("SUCCESS", len(found.Rows))
	rows := &rows{Table: found, keepCommas: f.KeepCommas, tainted: f.Tainted}
	if f.MultiRow {
		a.Tainted = false
		return resultsOf(c).add("", rows), nil
	}
	row := rows.next(c)
	if f.Limit > 1 {
		resultsOf(c).add(f.Name, rows)
	}
	return row, nil
}

func writeODBC(t channel.Thread, d Deps, f *database.Function, a *decl.Args, v string) error {
	c := t.Channel()
	c.SetVar("ODBCSTATUS", channel.Clean("FAILURE"))
	c.SetVar("ODBCROWS", channel.Clean("-1"))
	value := channel.Value{S: v, Taint: a.Taint}
	args := divide(a.Raw, a.NameTaint)
	run := func(text string) (n int64, err error) {
		sql, err := statement(t, text, args, &value)
		if err != nil {
			return 0, err
		}
		ctx, cancel := c.Context()
		defer cancel()
		err = d.Databases.Try(ctx, f.WriteOn, func(s *database.Source) (err error) {
			n, err = s.Exec(ctx, transactionIn(c, s), sql)
			return err
		})
		return n, err
	}
	n, err := run(f.Write)
	if err == nil && n == 0 && f.Insert != "" {
		n, err = run(f.Insert)
	}
	if err != nil {
		return err
	}
	c.SetVar("ODBCSTATUS", channel.Clean("SUCCESS"))
	c.SetVar("ODBCROWS", channel.Clean(strconv.FormatInt(n, 10)))
	return nil
}

// statement substitutes the text of a section: ARG1 and those after it, ARGC, and for
// a write VALUE, VAL1 and those after it hide the variables of the call meanwhile.
func statement(t channel.Thread, text string, args []channel.Value, value *channel.Value) (string, error) {
	c := t.Channel()
	var pushed []string
	push := func(name string, v channel.Value) {
		c.PushVar(name, v)
		pushed = append(pushed, name)
	}
	for i, v := range args {
		push("ARG"+strconv.Itoa(i+1), v)
	}
	push("ARGC", channel.Clean(strconv.Itoa(len(args))))
	if value != nil {
		push("VALUE", *value)
		for i, v := range divide(value.S, value.Taint) {
			push("VAL"+strconv.Itoa(i+1), v)
		}
	}
	sql := t.Expand(text)
	for _, name := range pushed {
		c.PopVar(name)
	}
	return sql.S, database.CheckStatement(sql.S, sql.Taint)
}

// divide divides arguments and tells which of them came from the network.
func divide(raw string, taint []decl.Span) []channel.Value {
	var args []channel.Value
	for at := 0; at < len(raw); {
		one := decl.Split(raw[at:], 2)
		end := len(raw)
		if len(one) == 2 {
			end -= len(one[1]) + 1 // the rest of the line is as it was
		}
		v := ""
		if end > at {
			v = decl.Split(raw[at:end], 0)[0]
		}
		x := channel.Clean(v)
		for _, s := range taint {
			if s.Start, s.End = max(s.Start, at)-at, min(s.End, end)-at; s.Start < s.End {
				x.Taint = append(x.Taint, s)
			}
		}
		if len(x.Taint) > 0 && v != raw[at:end] { // quotes were taken out: where it stands now is not known
			x = channel.Tainted(v)
		}
		args = append(args, x)
		if at = end + 1; at == len(raw) {
			args = append(args, channel.Value{})
		}
	}
	return args
}

// rows are what is left of the result of a query.
type rows struct {
	database.Table
	keepCommas, tainted bool
}

// next takes a row: its columns, commas between two, whose names go where HASH()
// looks for them.
func (r *rows) next(c *channel.Channel) string {
	cells := slices.Clone(r.Rows[0])
	r.Rows = r.Rows[1:]
	if !r.keepCommas {
		for i := range cells {
			cells[i] = protect(cells[i])
		}
	}
	c.SetVar(hashFields, channel.Clean(strings.Join(r.Columns, ",")))
	return strings.Join(cells, ",")
}

// results are the queries of a channel that have rows left.
type results struct {
	last int
	by   map[string]*rows
}

type resultsKey struct{}

func resultsOf(c *channel.Channel) *results {
	r, _ := c.Data(resultsKey{}).(*results)
	if r == nil {
		r = &results{by: make(map[string]*rows)}
		c.SetData(resultsKey{}, r)
	}
	return r
}

func (r *results) add(id string, rs *rows) string {
	if id == "" {
		r.last++
		id = strconv.Itoa(r.last)
	}
	r.by[id] = rs
	return id
}

// FinishODBC forgets the rows of a query: the application ODBCFinish.
func FinishODBC(c *channel.Channel, id string) { delete(resultsOf(c).by, id) }

func fetchRow(t channel.Thread, a *decl.Args) (string, error) {
	c := t.Channel()
	rs := resultsOf(c).by[a.Arg(0)]
	if rs == nil || len(rs.Rows) == 0 {
		c.SetVar("ODBC_FETCH_STATUS", channel.Clean("FAILURE"))
		return "", nil
	}
	c.SetVar("ODBC_FETCH_STATUS", channel.Clean("SUCCESS"))
	a.Tainted = rs.tainted
	return rs.next(c), nil
}

// transactions are those of a channel, the active one last.
type transactions struct {
	list      []*transaction
	isolation string
}

type transaction struct {
	*database.Tx
	force bool
}

type transactionsKey struct{}

func transactionsOf(c *channel.Channel) *transactions {
	x, _ := c.Data(transactionsKey{}).(*transactions)
	if x == nil {
		x = &transactions{}
		c.SetData(transactionsKey{}, x)
	}
	return x
}

// transactionIn is the channel's transaction in a database, nil for none.
func transactionIn(c *channel.Channel, s *database.Source) *database.Tx {
	x, _ := c.Data(transactionsKey{}).(*transactions)
	if x != nil {
		for _, t := range x.list {
			if t.Source == s {
				return t.Tx
			}
		}
	}
	return nil
}

// find returns a transaction by the name of its database; "" is the active one.
func (x *transactions) find(name string) (*transaction, error) {
	if name == "" && len(x.list) > 0 {
		return x.list[len(x.list)-1], nil
	}
	for _, t := range x.list {
		if strings.EqualFold(t.Source.Name, name) {
			return t, nil
		}
	}
	return nil, errors.New("there is no such transaction")
}

func readTransaction(t channel.Thread, a *decl.Args) (string, error) {
	x := transactionsOf(t.Channel())
	one, err := x.find(a.Arg(1))
	switch strings.ToLower(a.Arg(0)) {
	case "transaction":
		if err != nil {
			return "", nil
		}
		return one.Source.Name, nil
	case "forcecommit":
		if err != nil {
			return "", err
		}
		return flag(one.force), nil
	case "isolation":
		return x.isolation, nil
	}
	return "", fmt.Errorf("there is no property '%s'", a.Arg(0))
}

func writeTransaction(t channel.Thread, d Deps, a *decl.Args, v string) error {
	c := t.Channel()
	x := transactionsOf(c)
	switch strings.ToLower(a.Arg(0)) {
	case "transaction":
		if one, err := x.find(v); err == nil && v != "" { // it becomes the active one
			i := slices.Index(x.list, one)
			x.list = append(slices.Delete(x.list, i, i+1), one)
			return nil
		}
		if d.Databases == nil {
			return errNoDatabases
		}
		s, err := d.Databases.Source(v)
		if err != nil {
			return err
		}
		level := s.Isolation()
		if l, ok := database.Isolation(x.isolation); ok {
			level = l
		}
		ctx, cancel := c.Context()
		defer cancel()
		tx, err := s.Begin(ctx, level)
		if err != nil {
			return err
		}
		if len(x.list) == 0 {
			c.AtEnd(func() { endTransactions(t, x) })
		}
		x.list = append(x.list, &transaction{tx, s.ForceCommit()})
		return nil
	case "forcecommit":
		one, err := x.find(a.Arg(1))
		if err != nil {
			return err
		}
		one.force = v != "" && v != "0" && !strings.EqualFold(v, "no") && !strings.EqualFold(v, "false")
		return nil
	case "isolation":
		if _, ok := database.Isolation(v); !ok {
			return fmt.Errorf("'%s' is no level of isolation", v)
		}
		x.isolation = v
		return nil
	}
	return fmt.Errorf("there is no property '%s'", a.Arg(0))
}

func endTransactions(t channel.Thread, x *transactions) {
	for _, one := range x.list {
		end := one.Rollback
		if one.force {
			end = one.Commit
		}
		if err := end(); err != nil {
			t.Log().Warn("the transaction of a call that is over", "database", one.Source.Name, "error", err)
		}
	}
	x.list = nil
}

// EndODBC ends a transaction of a channel, by the name of its database, "" for the
// active one: the applications ODBC_Commit and ODBC_Rollback.
func EndODBC(c *channel.Channel, name string, commit bool) error {
	x := transactionsOf(c)
	one, err := x.find(name)
	if err != nil {
		return err
	}
	x.list = slices.DeleteFunc(x.list, func(t *transaction) bool { return t == one })
	if commit {
		return one.Commit()
	}
	return one.Rollback()
}

// within calls f with a context that ends with the call.
func within(t channel.Thread, f func(context.Context) error) error {
	ctx, cancel := t.Channel().Context()
	defer cancel()
	return f(ctx)
}
