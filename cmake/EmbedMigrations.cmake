# Writes OUTPUT: the service's migrations as one array, in order of their folder names.
# Declared in libs/platform/postgres/migration.h as ballast::Migrations_<service>().
set(body "#include \"libs/platform/postgres/migration.h\"\n\nnamespace ballast {\n\n")
string(APPEND body "std::vector<Migration> Migrations_${SERVICE}() {\n  return {\n")
list(SORT FILES)
foreach(file ${FILES})
  get_filename_component(folder ${file} DIRECTORY)
  get_filename_component(name ${folder} NAME)
  file(READ ${file} sql)
  string(APPEND body "      {\"${name}\", R\"ballastsql(${sql})ballastsql\"},\n")
endforeach()
string(APPEND body "  };\n}\n\n}  // namespace ballast\n")
file(WRITE ${OUTPUT} "${body}")
