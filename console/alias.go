package console

import (
	"cmp"
	"slices"
	"strings"
)

// Alias is another way to type a command, such as one that its name was before.
type Alias struct {
	// Words stand at the beginning of a line, Target in their place.
	Words, Target string
}

// SetAliases takes new aliases in the place of those before. A command of the same words
// or of more goes before an alias.
func (c *Commands) SetAliases(list []Alias) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Alias) int { return cmp.Compare(a.Words, b.Words) })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.aliases = list
}

// Aliases are those of SetAliases, by their words.
func (c *Commands) Aliases() []Alias {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.aliases // replaced, never changed
}

// resolve puts the target of an alias in its place, once.
func (c *Commands) resolve(words []string) []string {
	known := 0
	if e, ok := c.find(words); ok {
		known = len(e.words)
	}
	best := -1
	aliases := c.Aliases()
	for i, a := range aliases {
		if w := strings.Fields(a.Words); len(w) > known && hasPrefix(words, w) {
			best, known = i, len(w)
		}
	}
	if best < 0 {
		return words
	}
	return append(strings.Fields(aliases[best].Target), words[known:]...)
}

// completeAlias is what may follow words, or be the next one, for the sake of aliases.
func (c *Commands) completeAlias(words []string, prefix string) (list []string) {
	for _, a := range c.Aliases() {
		w := strings.Fields(a.Words)
		if len(words) < len(w) && hasPrefix(w, words) && hasFold(w[len(words)], prefix) {
			list = append(list, w[len(words)])
		}
	}
	return list
}
