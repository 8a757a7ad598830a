package channel

// keptKey keeps on the channel which variable takes the digits, a string.
type keptKey struct{}

// KeepDigits has each digit that the far end sends from now on added to a variable,
// whoever reads it; "" ends that. Any goroutine may call it.
func (c *Channel) KeepDigits(variable string) { c.SetData(keptKey{}, variable) }

// keep adds a digit to the variable of KeepDigits.
func (c *Channel) keep(digit byte) {
	name, _ := c.Data(keptKey{}).(string)
	if name == "" {
		return
	}
	v, _ := c.Var(name)
	c.SetVar(name, Tainted(v.S+string(rune(digit))))
}
