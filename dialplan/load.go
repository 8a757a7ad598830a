package dialplan

import "pbx/config"

// Load reads name, usually extensions.conf, through l. Mistakes that the field
// forgives come as findings; an error means that there is no plan. known may be
// nil: application and function names are not checked then.
func Load(l *config.Loader, name string, known *Catalog) (*Plan, []config.Finding, error) {
	return &Plan{}, nil, nil
}
