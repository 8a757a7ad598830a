package config_test

import (
	"fmt"

	"pbx/config"
)

// Two phones with a template, one of them with a mistake.
func Example() {
	file, findings, err := config.Parse("sip.conf", []byte(`
[phone](!)
context = office
qualify = yes

[101](phone)
secret = wh1te rabbit   ; not a good one

[102](phone)
qualify = no
qualfy = yes
this line says nothing
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	type phone struct {
		Context string `conf:"context"`
		Qualify bool   `conf:"qualify"`
		Secret  string `conf:"secret"`
	}
	for _, section := range file.Sections {
		if section.Template {
			continue
		}
		var p phone
		findings = append(findings, config.Decode(section, &p)...)
		fmt.Printf("%s %+v\n", section.Name, p)
	}
	context, _ := file.Section("101").Lookup("context")
	fmt.Println("101 has its context from", context.Pos)
	for _, f := range findings {
		fmt.Println(f)
	}
	// Output:
	// 101 {Context:office Qualify:true Secret:wh1te rabbit}
	// 102 {Context:office Qualify:false Secret:}
	// 101 has its context from sip.conf:3 [phone]
	// sip.conf:12: warning: "this line says nothing" has no equal sign; the line is skipped [no-equal-sign]
	// sip.conf:11: warning: unknown option "qualfy"; did you mean qualify? [unknown-option]
}
