# c
length = 0x10 /* */ rule "charset" { charset = <<EOF
ab
EOF
 min-chars = 1e1 }