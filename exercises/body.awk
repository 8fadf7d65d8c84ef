# body.awk -- prints a C file in which the body of one function is replaced.
#
#   awk -v name=FUNCTION -v keep=TEXT -v body=FILE -f body.awk SOURCE
#
# The body's lines up to the first that contains TEXT stay, none if TEXT is
# "-"; the lines of FILE take the place of the others.  It fails unless SOURCE
# has that function, and the function that line, once.

function put_body(line) {
    while ((getline line < body) > 0)
        print line
    close(body)
    state = "skip"
}

# A definition begins at the left margin; a prototype ends in a semicolon.
state == "" && /^[a-zA-Z]/ && $0 ~ "(^|[ *])" name "\\(" { state = "head" }

state == "skip" && /^}/ { state = ""; done++ }
state == "skip" { next }
{ print }
state == "keep" && index($0, keep) {
    print ""
    put_body()
    next
}
state == "keep" && /^}/ { exit 1 }
state == "head" && /;$/ { state = "" }
state == "head" && /^[{]/ {
    state = "keep"
    if (keep == "-")
        put_body()
}

END { exit done != 1 || state != "" }
