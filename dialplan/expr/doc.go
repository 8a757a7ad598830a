// Package expr evaluates the text between $[ and ] of a dialplan line as the
// field does: the operators | & = != < > <= >= + - * / % ! : =~ ~~ and ? ::,
// numbers of 64 bits of mantissa, POSIX regular expressions, functions in
// capital letters, and the values that a broken expression has.
//
// The text is evaluated after substitution, so its structure is only known then:
// Eval reads it in one pass and allocates nothing for the common integer and
// string work. An Evaluator belongs to one goroutine; a Cache may be shared.
package expr
