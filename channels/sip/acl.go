package sip

import "pbx/config/acl"

// ACL says which addresses may pass.
type ACL = acl.List
