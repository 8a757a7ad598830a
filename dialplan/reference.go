package dialplan

import "strings"

// Reference is one substitution of a text as it is written: a variable, a function
// or an expression.
type Reference struct {
	Start, End int    // where it stands in the text, its brackets with it
	Inner      string // what stands between its brackets
	Expression bool   // $[…]
	Function   bool   // ${NAME(Args)}
	// Name of the variable or function; it may hold references itself.
	Name, Args string
	// Cut says that Offset and Length follow the name. They are known unless
	// CutDepends says that a call decides them.
	Cut, CutDepends bool
	Offset, Length  int
}

// References are the substitutions of a text in order, the outermost only.
func References(text string) []Reference {
	var all []Reference
	for i := 0; i+1 < len(text); {
		if text[i] != '$' || text[i+1] != '{' && text[i+1] != '[' {
			i++
			continue
		}
		r := Reference{Start: i, Expression: text[i+1] == '['}
		r.Inner, r.End, _ = enclosed(text, i+2, text[i+1])
		if !r.Expression {
			var c cut
			r.Name, r.Args, r.Function, c = reference(r.Inner)
			r.Cut, r.Offset, r.Length = c.there, c.offset, c.length
			r.CutDepends = c.there && strings.Contains(r.Inner[len(r.Name):], "${") && !r.Function
		}
		all, i = append(all, r), r.End
	}
	return all
}
