module pbx

go 1.26
