"""How parents ask for what can be done: the phrases, in English and in Spanish."""

from orchestrator.understanding import words
from orchestrator.understanding.heard import Phrases
from orchestrator.understanding.spelling import Spelling

CANCEL = Phrases(
    "cancel/cancelled/quit/stop/want out/want to stop/cancel this/cancel it/nevermind/never mind"
    "/nvm"
    "/forget it/forget about it"
    "/no longer need/dont need this/dont need it/count us out/count me out/end this/im out/pull out"
    "/forget this/forget the whole thing/stop this/stop it/stop the signup/abort/call it off"
    "/call the whole thing off/dont want this anymore/dont want it anymore/dont want to do this"
    "/dont want to sign up/changed my mind about signing up/not interested/no longer interested"
    "/no longer want/i give up/i quit/drop it/withdraw/back out/scrap it/scrap this/leave it"
    "/cancelar/cancela/cancelalo/cancelarlo/cancelen/cancelemos/cancele/anular/anula/olvidalo"
    "/dejalo/dejemoslo/ya no quiero/ya no queremos/ya no me interesa/mejor no quiero"
)
RESET = Phrases(
    "start over/start again/start all over/start anew/start fresh/start from scratch/from scratch"
    "/clean slate/from zero/square one/all over again/start from the beginning/from the beginning"
    "/from the top/reset/restart/begin again/redo it all"
    "/new signup/start a new one/start a new signup/start new/wipe everything/clear everything"
    "/delete everything/empezar de nuevo/empezar de cero/desde cero/de cero/comenzar de nuevo"
    "/volver a empezar/empecemos de nuevo/empieza de nuevo/empezar otra vez/desde el principio"
    "/reiniciar/reinicia/borra todo/borrar todo/another signup/another registration"
    "/sign up another/sign up my other/register another/register my other/sign up for another"
    "/inscribir a otro/inscribir a otra/otra inscripcion/inscribir a mi otro/inscribir a mi otra"
)
RETRY = Phrases(
    "another go/give it another/repeat/repeat it/rerun/run that again/run the search/retry"
    "/try again/try it again/try that again/try this again/try once more/once more/one more time"
    "/again/do it again/do that again/run it again/reload/refresh/give it another try/another try"
    "/reintentar/reintenta/intenta de nuevo/intentalo de nuevo/intentar de nuevo/intenta otra vez"
    "/intentalo otra vez/otra vez/de nuevo/prueba otra vez/prueba de nuevo/vuelve a intentar"
    "/vuelve a intentarlo/one more try/search again/look again/buscar otra vez/busca de nuevo"
    "/vuelve a buscar/busca otra vez/buscar de nuevo/keep trying"
)
GO_BACK = Phrases(
    "go back/take me back/step back/back up/one step back/go to the previous/previous step"
    "/previous page/undo/undo that/back please/back to the/move back/return to/get back to"
    "/volver atras/ir atras/regresar/regresa/regresemos/volver/vuelve/volvamos/vamos atras"
    "/un paso atras/paso anterior/para atras/quiero volver/marcha atras/deshacer"
)
BACK = Phrases("back/previous/atras/anterior/undo")
NONE_OF_THESE = Phrases(
    "no/nope/nah/none/none of these/none of them/none of those/neither/not that/not those/not these"
    "/not it/thats not it/thats not the one/not that one/not this one/not the one/not the right one"
    "/not right/wrong/wrong one/wrong ones/not them/isnt it/thats wrong/not any of these/not here"
    "/not what we/not what im/not what i am/not listed/not in the list/not on the list"
    "/not what i want/not what i meant/not ours"
    "/ninguno/ninguna/ninguno de estos/ninguna de estas/ninguno de esos/ese no/esa no/ese no es"
    "/esa no es/no es ese/no es esa/no es/tampoco/no es este/no es esta/no son/dont see it"
    "/dont see ours/dont see mine/i dont see it/not seeing it/something else/none fit"
    "/none of these work/none of those work/none of them work/none work"
)
YES = Phrases(
    "i guess so/guess so/i suppose so/i think so/you got it/mhm/uh huh/you bet/by all means"
    "/certainly"
    "/indeed/roger/thats correct/orale/andale/ok perfecto/y/yes/lgtm/all correct"
    "/everything correct/everything ok/everything fine/todo correcto"
    "/esta todo bien/yess/yesss/yep/yeah/yea/ya/yup/yas/sure/sure thing/ok/okay/okey/k/kk"
    "/correct/right/exactly"
    "/absolutely/definitely/of course/thats it/thats right/thats the one/thats him/thats them"
    "/that one/this one/it is/continue/next/go on/go ahead/proceed/done/all set/ready/lets go"
    "/lets do it/lets do this/do it/sounds good/looks good/looks right/looks great/looks correct"
    "/perfect/great/all good/all correct/good to go/im good/were good/go for it/move on/keep going"
    "/carry on/onward/fine/works for me/affirmative/cool/awesome/alright/please do/confirmed"
    "/yes please"
    "/si/sip/claro/claro que si/por supuesto/vale/dale/correcto/exacto/exactamente/ese/esa/ese es"
    "/esa es/ese mismo/esa misma/ese mero/de acuerdo/esta bien/todo bien/todo correcto/listo/lista"
    "/adelante/sigue/siga/seguir/sigamos/continua/continuar/continue/continuemos/siguiente/perfecto"
    "/bueno/bien/hagamoslo/vamos/ya esta/proceda/que si/eso es/asi es/esta correcto/looks fine"
    "/ours/thats ours/thats us/choose it/choose that/pick it/pick that/take it/take that"
    "/ill take it"
    "/select it/go with that/go with it/lets go with that/lets go with it/that works/works/use that"
    "/use it/that club/this club/sign her up there/sign him up there/sign us up there/that will do"
    "/everything is right/everything is correct/everything looks good/its right/its correct"
)
CONFIRM = Phrases(
    "confirm/confirm it/submit/submit it/book/book it/register/register her/register him/send"
    "/send it"
    "/sign up/sign us up/sign me up/sign her up/sign him up/sign them up/sign it/finalize/finish it"
    "/complete it/complete the registration/complete registration/enroll/enroll her/enroll him"
    "/lock it in/reserve/place the order/make it official/do it/pull the trigger/get it done/go"
    "/haz la inscripcion/hacer la inscripcion/confirmar/confirma/confirmo/confirmalo/confirme"
    "/enviar/envia/envialo/enviarlo/manda/mandalo"
    "/mandar/inscribir/inscribe/inscribela/inscribelo/inscribirla/inscribirlo/reservar/reserva"
    "/reservalo/registrar/registra/registrala/registralo/apuntala/apuntalo"
)
NOT_YET = Phrases(
    "not yet/not now/not so fast/hold on/hang on/wait/one moment/one sec/one second/just a second"
    "/give me a minute/give me a second/let me think/need to think/let me check/have to ask"
    "/need to ask/todavia no/aun no/espera/espere/un momento/un segundo/dejame pensar"
)
CONNECT = Phrases(
    "connect/connect it/connect my account/link/link it/log in/login/logon/log on/log me in/sign in"
    "/account/password/passwort/credential/credentials/username/user name/saved login/saved"
    "/saved one/the saved one/use my login"
    "/conectar/conecta/conectala/conectalo/conectemos/conecte/vincular/iniciar sesion/inicia sesion"
    "/inicio de sesion/cuenta/contrasena/clave/entrar/ingresar/acceder/usuario"
)
CHECK = Phrases(
    "check/check again/check it/recheck/re check/again/refresh/look again/verify/reload/try again"
    "/bought/sorted/try it/try now/paid/i paid/fixed/renewed/joined/signed it/signed the/uploaded"
    "/completed/finished/took care of"
    "/taken care of/did it/did that/did the/done/took the/took it/updated/sent it/filled it"
    "/filled out"
    "/submitted/are members/am a member/already members/already a member/became/bought it"
    "/bought the"
    "/already have/already did/already done/just got/got it done/have it now/passed/handled it"
    "/all set/ready/sorted/ya pague/pague/pagamos/ya pagamos/ya lo hice/ya lo hicimos/lo hice/hecho"
    "/listo/ya esta/ya somos/ya soy/renove/renovamos/firme/firmamos/ya tenemos/ya tengo/ya tiene"
    "/verifica/verificar/revisa/revisar/comprueba/comprobar/otra vez/de nuevo/checalo/checa"
    "/completamos"
    "/complete/ya firme/termine/terminamos/look once more/have a look/take another look"
)
ONWARD = Phrases(
    "next page/keep moving/the form/fill in/fill it in/fill it out/fill out/go ahead/next step"
    "/el formulario/llenar"
    "/siguiente paso/continue/onward"
)
LATER = Phrases(
    "later/tomorrow/tonight/next week/will do/havent/hasnt/still not/luego/mas tarde/manana"
    "/no hemos/no he"
)
PROPOSES = Phrases("what about/how about/que tal/and what about/lets try/lets do")
ALL_OF_THEM = Phrases(
    "both/all of them/all of these/both of them/all three/ambos/ambas/todos/todas"
)
INSTEAD = Phrases("instead/rather/mejor/en vez/en lugar")
SKIP = Phrases(
    "skip/skip it/skip that/skip this/anyway/anyways/ignore that/without it/move on/saltar/omitir"
    "/de todos modos/de todas formas/igual"
)
SWITCH = Phrases(
    "instead/rather/actually/lets do/lets take/switch/change/id like/id prefer/we want/i want/no"
    "/wait"
    "/on second thought/changed my mind/mejor/prefiero/preferimos/cambia/cambiar/quiero/en vez"
)
EDIT = Phrases(
    "amend/adjust/revise/tweak/replace/edit/edit it/edit the form/change/change the/fix/fix the"
    "/correct the/correct her/correct his"
    "/correct my/correct that/correct it/wrong/typo/mistake/mistyped/misspelled/misspelt/mispelled"
    "/misspelling/incorrect/not right/not correct/isnt right/isnt correct/update/update the/modify"
    "/made an error/an error/is off/should be/should say/spelled wrong/back to the form/forgot to"
    "/i forgot/editar/edita/corregir/corrige/corrijo/cambiar/cambia/cambio/modificar/error/mal"
    "/equivocado/equivocada/equivoque/me equivoque/incorrecto/incorrecta/esta mal/no es correcto"
    "/falta/deberia ser/deberia decir/volver al formulario/el formulario/the form"
)
GREETING = Phrases(
    "hi/hello/hey/hiya/howdy/yo/good morning/good afternoon/good evening/hi there/hello there"
    "/hey there/hola/buenas/buenos dias/buenas tardes/buenas noches/que tal/greetings/whats up/sup"
)
THANKS = Phrases(
    "thanks/thank you/thx/ty/tysm/thank u/thanks a lot/thank you so much/cheers/much appreciated"
    "/appreciate it/youre the best/gracias/muchas gracias/mil gracias/te lo agradezco"
)
INJECTION = Phrases(
    "ignore all/ignore previous/ignore your/ignore the previous/ignore any/ignore the above"
    "/ignore every/ignore prior/ignore these/ignore my previous/disregard your/disregard all"
    "/disregard previous/disregard the/override"
    "/system prompt/your prompt/your instructions/your rules/previous instructions/new instructions"
    "/you are now/pretend to be/pretend you/act as/developer mode/debug mode/admin mode/jailbreak"
    "/root access/sudo/as an ai/language model/select from/drop table"
    "/ignora todas/ignora las/ignora tus/olvida tus/olvida las/instrucciones anteriores/tus reglas"
    "/credentials submitted/org ref"
    "/program ref/credential id/tool call/function call"
)
OFF_TOPIC = Phrases(
    "weather/joke/jokes/poem/recipe/recipes/president/capital of/stock/bitcoin/homework/translate"
    "/sing me/song/movie/movies/news/football score/who won/what time is it/meaning of life/pizza"
    "/love you/i love you/marry me/bored/tell me a story/chiste/clima/poema/receta/pronostico"
    "/how are you/como estas/whats your name/favorite color/favourite colour/asdf/test/testing"
)

SWITCH_TO = Phrases(
    "meant/wanted/switch to/change to/change it to/lets try/try/look for/search for/find/look up"
    "/go to/move to"
    "/cambiar a/cambia a/cambiar al/cambia al/busca/buscar/prueba con"
)
UNSURE = words.listed("know idea clue sure se")  # "I don't know", "no sé"
CLOSES = words.listed("yes yep yeah yup si")  # "we ski there already so yes"
TALKS = words.listed(
    "i im ive we were my she he they this that theres dont cant not maybe hmm estoy mi no nothing"
)
CHANGES = words.listed(
    "another other different change switch wrong swap new instead rather otro otra cambiar cambia"
    " cambiemos diferente distinto distinta equivocado equivocada equivoque something algo pick"
    " choose mistaken"
)
PLACES = words.listed(
    "provider providers club clubs camp camps school schools place places studio academy center"
    " centre organization organisation company gym pool proveedor club"
    " campamento escuela lugar academia centro"
)
PROGRAMS = words.listed(
    "program programs programme class classes course courses session sessions one option options"
    " day lesson group level programa programas clase clases curso cursos opcion dia grupo nivel"
    " else horario sesion activity actividad schedule"
)

# "That is not really our school" is a NOT, soon an OURS, soon one of the PLACES.
NOTS = words.listed("not isnt wasnt no")
OURS = words.listed(
    "this that these right our my ours ese este esa esta mi nuestro nuestra correct"
)
WRONG_ONE = Phrases(
    "not that/not this/change it/change this/change that/not that one/not this one"
    "/not the right one/wrong one/wrong choice/wrong pick/not the one/not it"
    "/that not it/not ours/by mistake/my mistake/a mistake/ese no/esa no/no es ese/no es esa"
    "/no era ese"
    "/not what i meant/not who i meant/picked wrong/chose wrong"
)

# "Take me back to the classes", "find another": a verb, and soon what is to be shown again.
RETURNS = words.listed(
    "back return see show list choosing choose choice selecting selection pick take volver vuelve"
    " regresar regresa ver muestra muestrame mostrar elegir escoger"
)
LISTED = PROGRAMS - words.listed("one option day level group else schedule horario dia nivel grupo")
FINDS = words.listed("find pick choose show search try take get busca buscar find give want prefer")
OTHERS = words.listed("another other others different else otro otra otros")
STARTS, OVER = (
    words.listed("start begin starting restart"),
    words.listed("over beginning scratch anew afresh zero start"),
)
LOGS, IN = words.listed("log sign let lemme get hook link"), words.listed("in into on")
SIGNS, UP = (
    words.listed("sign put get enroll register book send add mete apunta"),
    words.listed("in up off through registered enrolled booked"),
)

TABLES = {name: table for name, table in globals().items() if isinstance(table, Phrases)}
WORDS = {word for table in TABLES.values() for word in table.words} | CHANGES | PLACES | PROGRAMS
SPELLING = Spelling(WORDS)
