package funcs

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func configFunctions(d Deps) []channel.Function {
	return []channel.Function{{
		Name: "AST_CONFIG", Synopsis: "A value of a configuration file", Outside: true, Dangerous: true,
		Help: "Reads a file of the configuration directory as it is now, templates and includes too. A value that is not there is empty.",
		Args: []decl.Arg{
			arg("config_file", "the file, such as sip.conf"), arg("category", "the section"), arg("variable_name", "the option"),
			optional("index", "which of several, from 0; -1 is the last one. The first by default"),
		},
		Read: func(_ channel.Thread, a *decl.Args) (string, error) {
			v, err := configValue(d, a)
			a.Tainted = false
			return v, err
		},
	}}
}

func configValue(d Deps, a *decl.Args) (string, error) {
	name := strings.TrimSpace(a.Arg(0))
	switch {
	case d.Config == nil:
		return "", errors.New("there are no configuration files")
	case name == "" || !a.Has(1) || !a.Has(2):
		return "", errors.New("syntax: AST_CONFIG(config_file,category,variable_name[,index])")
	case !filepath.IsLocal(name):
		return "", fmt.Errorf("'%s' is not in the configuration directory", name)
	}
	index := 0
	if a.Has(3) {
		n, err := strconv.Atoi(strings.TrimSpace(a.Arg(3)))
		if err != nil {
			return "", fmt.Errorf("index '%s' is not a number", a.Arg(3))
		}
		index = n
	}
	f, _, err := d.Config.Load(name)
	if err != nil {
		return "", err
	}
	var values []string
	for _, s := range f.All(a.Arg(1)) {
		for _, v := range s.All(a.Arg(2)) {
			values = append(values, v.Value)
		}
	}
	if index < 0 {
		index += len(values)
	}
	if index < 0 || index >= len(values) {
		return "", nil
	}
	return values[index], nil
}
